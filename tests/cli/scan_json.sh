printf 'cmy\033[2J\nru"n\n(V\\u202e\ntR.' > paint.pkl
"$SAFE_LOAD" scan --format jsonl paint.pkl | head -n 1
