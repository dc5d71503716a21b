# Compiles SOURCE with and without CONTROL; see CMakeLists.txt.
set(command ${COMPILER} -std=c++20 -Wall -Wextra -Werror -fsyntax-only -I${INCLUDE} ${DEFINITION})

execute_process(COMMAND ${command} -DCONTROL ${SOURCE} RESULT_VARIABLE result ERROR_VARIABLE messages)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "the control half must compile:\n${messages}")
endif()

execute_process(COMMAND ${command} ${SOURCE} RESULT_VARIABLE result ERROR_VARIABLE messages)
if(result EQUAL 0)
  message(FATAL_ERROR "this must not compile: ${SOURCE}")
endif()
if(NOT messages MATCHES "${REASON}")
  message(FATAL_ERROR "it does not compile, but not because of ${REASON}:\n${messages}")
endif()
