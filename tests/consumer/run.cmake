# Builds and runs the client twice: against an installed package, in a folder from which the source tree
# cannot be seen, and with add_subdirectory. Both must print the same.
set(work ${BUILD}/consumer)
file(REMOVE_RECURSE ${work}/client ${work}/prefix ${work}/installed)
file(COPY ${SOURCE}/tests/consumer/client DESTINATION ${work})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN}\nfailed: ${output}")
  endif()
endfunction()

function(build_and_run name out)
  run(${CMAKE_COMMAND} -S ${work}/client -B ${work}/${name} -G ${GENERATOR}
    -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_FLAGS=${FLAGS} ${ARGN})
  run(${CMAKE_COMMAND} --build ${work}/${name})
  execute_process(COMMAND ${work}/${name}/client ${SOURCE}/examples/best_model_acc.pth
    RESULT_VARIABLE result OUTPUT_VARIABLE text)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "the client ended with ${result}")
  endif()
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${work}/prefix)
build_and_run(installed installed_text -DCMAKE_PREFIX_PATH=${work}/prefix)
build_and_run(subdirectory subdirectory_text -DSAFE_LOAD_SOURCE=${SOURCE})

if(NOT installed_text STREQUAL subdirectory_text)
  message(FATAL_ERROR "two builds, two outputs:\n${installed_text}\n${subdirectory_text}")
endif()
foreach(line "epoch 12, hidden -1" "conv.weight float32 .8, 3, 3, 3. @" "fc.bias float32 .10. @")
  if(NOT installed_text MATCHES "${line}")
    message(FATAL_ERROR "the client did not print ${line}:\n${installed_text}")
  endif()
endforeach()
file(GLOB installed_programs ${work}/prefix/bin/*)
message("${installed_text}${installed_programs}")
