object() { printf 'c%s\n%s\n)\201}' "$1" "$2"; }
{
  printf '\200\002'
  object omegaconf.dictconfig DictConfig
  printf 'V_metadata\n' && object omegaconf.base ContainerMetadata && printf 'Vkey\nNsbs'
  printf 'V_content\n}'
  printf 'Vlr\n' && object omegaconf.nodes AnyNode && printf 'V_val\nI7\nsbs'
  printf 'Vnone\n' && object omegaconf.listconfig ListConfig && printf 'V_content\nNsbs'
  printf 'Vempty\n' && object omegaconf.listconfig ListConfig && printf 'V_content\n]sbs'
  printf 'Vkind\nctransformers.trainer_utils\nSchedulerType\n(Vlinear\ntRs'
  printf 'sb.'
} > config.pkl
"$SAFE_LOAD" config.pkl
"$SAFE_LOAD" show config.pkl '$.lr'
"$SAFE_LOAD" show config.pkl '$["kind"]'
