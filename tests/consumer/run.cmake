# Builds and runs the client in every way that a user may: all must print the same.
# - installed: find_package() of an installed static library, in a folder from which the source tree cannot be seen
# - subdirectory: add_subdirectory(), as a shared library
# - shared: find_package() of that shared library, installed
# - pkgconfig, pkgconfig_shared: both installed libraries with the flags of pkg-config
set(work ${BUILD}/consumer)
file(REMOVE_RECURSE ${work}/client ${work}/static ${work}/dynamic ${work}/installed ${work}/shared)
file(COPY ${SOURCE}/tests/consumer/client DESTINATION ${work})
set(checkpoint ${SOURCE}/examples/best_model_acc.pth)

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN}\nfailed: ${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

function(expect_the_same name program)
  run(${program} ${checkpoint})
  if(NOT DEFINED text)
    set(text "${output}" PARENT_SCOPE)
  elseif(NOT text STREQUAL output)
    message(FATAL_ERROR "${name} prints something else:\n${text}\n${output}")
  endif()
endfunction()

macro(build_and_run name)
  run(${CMAKE_COMMAND} -S ${work}/client -B ${work}/${name} -G ${GENERATOR}
    -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_FLAGS=${FLAGS} ${ARGN})
  run(${CMAKE_COMMAND} --build ${work}/${name})
  expect_the_same(${name} ${work}/${name}/client)
endmacro()

macro(build_with_pkg_config name prefix)
  set(ENV{PKG_CONFIG_PATH} ${prefix}/${LIBDIR}/pkgconfig)
  run(${PKG_CONFIG} --cflags --libs safe_load)
  separate_arguments(flags UNIX_COMMAND "${FLAGS} ${output}")
  run(${COMPILER} -std=c++20 ${work}/client/main.cc -o ${work}/client_${name} ${flags} -Wl,-rpath,${prefix}/${LIBDIR})
  expect_the_same(${name} ${work}/client_${name})
endmacro()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${work}/static)
build_and_run(installed -DCMAKE_PREFIX_PATH=${work}/static)
build_and_run(subdirectory -DSAFE_LOAD_SOURCE=${SOURCE} -DBUILD_SHARED_LIBS=ON -DSAFE_LOAD_INSTALL=ON)
run(${CMAKE_COMMAND} --install ${work}/subdirectory --prefix ${work}/dynamic)
build_and_run(shared -DCMAKE_PREFIX_PATH=${work}/dynamic)
if(PKG_CONFIG)
  build_with_pkg_config(pkgconfig ${work}/static)
  build_with_pkg_config(pkgconfig_shared ${work}/dynamic)
else()
  message("SKIPPED: no pkg-config")
endif()

# What is declared in v0 is there for programs, in either library, and nothing else is.
run(${NM} -C --defined-only ${work}/static/${LIBDIR}/libsafe_load.a)
string(REGEX MATCHALL " T safe_load::v0::[^\n]+" declared "${output}")
run(${NM} -CD --defined-only ${work}/dynamic/${LIBDIR}/libsafe_load.so)
string(REGEX MATCHALL " T [^\n]+" exported "${output}")
set(missing ${declared})
set(foreign ${exported})
list(REMOVE_ITEM missing ${exported})
list(REMOVE_ITEM foreign ${declared})
if(missing OR foreign)
  message(FATAL_ERROR "the shared library does not export${missing}\nbut exports${foreign}")
endif()

foreach(line "epoch 12, hidden -1" "conv.weight float32 .8, 3, 3, 3. @" "fc.bias float32 .10. @")
  if(NOT text MATCHES "${line}")
    message(FATAL_ERROR "the client did not print ${line}:\n${text}")
  endif()
endforeach()
file(GLOB libraries RELATIVE ${work}/dynamic ${work}/dynamic/${LIBDIR}/libsafe_load.*)
message("${text}${libraries}")
