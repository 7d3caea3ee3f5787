# install target: programs, the public library with its headers, CMake package and pkg-config file.
