# One line per fuzz target: name, then the libraries it needs.
checkbox_fuzz(dataset checkbox_data)
checkbox_fuzz(image checkbox_image)
checkbox_fuzz(onnx checkbox_runtime)
checkbox_fuzz(weights checkbox_weights PkgConfig::ZLIB)
