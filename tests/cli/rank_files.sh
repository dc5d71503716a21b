mkdir run
cp "$EXAMPLES/best_model_acc.pth" run/model_world_size_2_rank_0.pt
"$SAFE_LOAD" run
cp "$EXAMPLES/best_model_acc.pth" run/model_world_size_2_rank_1.pt
"$SAFE_LOAD" run | head -n 12
"$SAFE_LOAD" show run '$["model_world_size_2_rank_1.pt"]["epoch"]'
