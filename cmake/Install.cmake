# The install target: programs, the C++ library with its headers, CMake package and pkg-config file, the model.
#
# libcheckbox.so holds the rooms that inference needs and shows only what cmake/checkbox.map names, so its users need
# none of the libraries behind it to compile, and only their shared objects to run.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(data_dir ${CMAKE_INSTALL_DATADIR}/checkbox)

install(TARGETS checkbox RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(CHECKBOX_TRAINING)
  install(TARGETS checkbox-train RUNTIME DESTINATION libexec/checkbox)
endif()
install(DIRECTORY models/ DESTINATION ${data_dir}/models OPTIONAL FILES_MATCHING PATTERN "*.onnx" PATTERN "*.md")
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")

file(WRITE ${CMAKE_BINARY_DIR}/library.cpp "// All of libcheckbox comes from the rooms.\n")
add_library(checkbox_library SHARED ${CMAKE_BINARY_DIR}/library.cpp)
set_target_properties(checkbox_library PROPERTIES
  OUTPUT_NAME checkbox EXPORT_NAME checkbox VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR} # until 1.0 a minor version may change the ABI
  LINK_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/checkbox.map)
target_link_options(checkbox_library PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/cmake/checkbox.map -Wl,--gc-sections)
target_link_libraries(checkbox_library PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,checkbox_runtime>)
target_compile_features(checkbox_library INTERFACE cxx_std_20)
target_include_directories(checkbox_library INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
                                                      $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

install(TARGETS checkbox_library EXPORT checkbox LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/checkbox DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/checkbox)
install(EXPORT checkbox NAMESPACE checkbox:: FILE checkboxTargets.cmake DESTINATION ${package_dir})
configure_package_config_file(cmake/checkboxConfig.cmake.in ${CMAKE_BINARY_DIR}/checkboxConfig.cmake
                              INSTALL_DESTINATION ${package_dir} PATH_VARS data_dir)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/checkboxConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/checkboxConfig.cmake ${CMAKE_BINARY_DIR}/checkboxConfigVersion.cmake
        DESTINATION ${package_dir})

cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
           OUTPUT_VARIABLE prefix_from_pc)
configure_file(cmake/checkbox.pc.in ${CMAKE_BINARY_DIR}/checkbox.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/checkbox.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
