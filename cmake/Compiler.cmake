# Language level, warnings, sanitizers, compiler cache: what holds for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_COMPILE_OPTIONS_PIE "-fPIC") # as libraries are, so that tests can use their precompiled headers
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(CHECKBOX_CCACHE ccache)
if(CHECKBOX_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CHECKBOX_CCACHE})
endif()
find_program(CHECKBOX_MOLD mold)
if(CHECKBOX_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(checkbox_warnings INTERFACE)
target_compile_options(checkbox_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wconversion
                                                   -Wno-sign-conversion)
# GCC 12 sees an overlap in std::string's operator+ at -O3 where there is none (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(checkbox_warnings INTERFACE -Wno-restrict)
endif()
if(CHECKBOX_WERROR)
  target_compile_options(checkbox_warnings INTERFACE -Werror)
endif()

if(CHECKBOX_SANITIZE)
  add_compile_options(-fsanitize=${CHECKBOX_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${CHECKBOX_SANITIZE})
endif()
if(CHECKBOX_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
