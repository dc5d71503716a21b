# limit_time(SECONDS TEST...): tests that take longer have failed. On two idle cores they take a tenth of it;
# sanitizers get five times as long.
function(limit_time seconds)
  if(CMAKE_CXX_FLAGS MATCHES "fsanitize")
    math(EXPR seconds "5 * ${seconds}")
  endif()
  set_tests_properties(${ARGN} PROPERTIES TIMEOUT ${seconds})
endfunction()
