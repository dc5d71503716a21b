# Completion of safe-load for bash. Made by tools/make_shell_files.py.
_safe_load() {
  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD - 1]}" command="" words="" each
  COMPREPLY=()
  for each in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$each" in ls|show|explain|scan|report|convert|fix) command="$each"; break ;; esac
  done
  case "$before" in
    --sort) COMPREPLY=($(compgen -W "file size name" -- "$word")); return ;;
    --color) COMPREPLY=($(compgen -W "auto always never" -- "$word")); return ;;
    --format) COMPREPLY=($(compgen -W "text json jsonl sarif" -- "$word")); return ;;
  esac
  case "$command" in
    ls) words="-h --help --summary --tree --sort --json --all --no-truncate --verify --color" ;;
    show) words="-h --help --json --all --no-truncate --verify --color" ;;
    explain) words="-h --help --json --all --no-truncate --verify --color" ;;
    scan) words="-h --help --files-from --null --include --exclude --follow-symlinks -j --jobs --format -o --output --strict --deep --fail-on --max-findings --timeout --sarif-category --explain --list-rules -q --quiet -v --verbose --color" ;;
    report) words="-h --help -o --output" ;;
    convert) words="-h --help --key --aliases -f --force --dry-run --verify" ;;
    fix) words="-h --help --lossy --unknown -f --force --dry-run --verify" ;;
    *) words="-h --help --version" ;;
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$word")); return ;;
  esac
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$word")
  [ -n "$command" ] || COMPREPLY+=($(compgen -W "ls show explain scan report convert fix" -- "$word"))
}
complete -F _safe_load safe-load
