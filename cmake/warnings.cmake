# Warnings for our own targets only; presets add -Werror, consumers never get it.
option(SAFE_LOAD_WERROR "Treat warnings as errors" OFF)

function(safe_load_warnings target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
    -Wnon-virtual-dtor -Wcast-align -Wundef -Wimplicit-fallthrough -Wswitch-enum
    $<$<BOOL:${SAFE_LOAD_WERROR}>:-Werror>)
endfunction()
