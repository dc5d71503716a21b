# install_shell_files(DATADIR ARGUMENTS...): the completions and the man page of the program, below DATADIR; ARGUMENTS go
# to install().
function(install_shell_files datadir)
  set(folder ${PROJECT_SOURCE_DIR}/cli/shell)
  install(FILES ${folder}/safe-load.1 DESTINATION ${datadir}/man/man1 ${ARGN})
  install(FILES ${folder}/safe-load.bash DESTINATION ${datadir}/bash-completion/completions RENAME safe-load ${ARGN})
  install(FILES ${folder}/_safe-load DESTINATION ${datadir}/zsh/site-functions ${ARGN})
  install(FILES ${folder}/safe-load.fish DESTINATION ${datadir}/fish/vendor_completions.d ${ARGN})
endfunction()
