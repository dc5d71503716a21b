mkdir model
shard() { printf '\065\0\0\0\0\0\0\0{"%s":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}x' "$1" > "model/m-0000$2-of-00002.safetensors"; }
shard a 1
shard b 2
printf '{"weight_map":{"a":"m-00001-of-00002.safetensors","b":"m-00002-of-00002.safetensors"}}' > model/model.safetensors.index.json
"$SAFE_LOAD" model
"$SAFE_LOAD" show model b
"$SAFE_LOAD" explain model
rm model/m-00002-of-00002.safetensors
"$SAFE_LOAD" model
