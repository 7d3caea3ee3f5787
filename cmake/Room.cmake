# checkbox_room(NAME <room> [PUBLIC <libs>] [PRIVATE <libs>] [TEST_PRIVATE <libs>])
#
# One folder of src/ as a static library checkbox_<room>, a test program <room>_test from its *_test.cpp files and a
# benchmark program <room>_bench from its *_bench.cpp files. Tests and benchmarks sit beside the code they judge.
function(checkbox_room)
  cmake_parse_arguments(ROOM "" "NAME" "PUBLIC;PRIVATE;TEST_PRIVATE" ${ARGN})
  set(target checkbox_${ROOM_NAME})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  set(benchmarks ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|bench)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER benchmarks INCLUDE REGEX "_bench\\.cpp$")

  if(NOT sources) # not yet written
    add_library(${target} INTERFACE)
    return()
  endif()
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
  target_link_libraries(${target} PUBLIC ${ROOM_PUBLIC} PRIVATE ${ROOM_PRIVATE} checkbox_warnings)

  if(CHECKBOX_TESTS AND tests)
    add_executable(${ROOM_NAME}_test ${tests})
    target_link_libraries(${ROOM_NAME}_test PRIVATE ${target} ${ROOM_PRIVATE} ${ROOM_TEST_PRIVATE} checkbox_testing)
    checkbox_discover_tests(${ROOM_NAME}_test)
  endif()
  if(CHECKBOX_BENCHMARKS AND benchmarks)
    add_executable(${ROOM_NAME}_bench ${benchmarks})
    target_link_libraries(${ROOM_NAME}_bench PRIVATE ${target} ${ROOM_PRIVATE} checkbox_warnings benchmark::benchmark_main)
  endif()
endfunction()

# Registers a GoogleTest program with CTest, one entry per test.
function(checkbox_discover_tests target)
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120 PROPERTIES TIMEOUT 600)
endfunction()
