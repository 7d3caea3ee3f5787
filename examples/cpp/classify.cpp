// Classifies the images named on the command line: classify MODEL.onnx IMAGE...
#include <checkbox/classifier.hpp>
#include <iostream>

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: classify MODEL.onnx IMAGE...\n";
    return 2;
  }
  const auto classifier = checkbox::Classifier::load(argv[1]);
  if (!classifier) {
    std::cerr << classifier.error().message << '\n';
    return 1;
  }
  int failures = 0;
  for (int i = 2; i < argc; ++i) {
    const auto prediction = classifier->classify_file(argv[i]);
    if (prediction) {
      std::cout << argv[i] << ' ' << prediction->label << ' ' << prediction->confidence << '\n';
    } else {
      std::cerr << prediction.error().message << '\n';
      ++failures;
    }
  }
  return failures == 0 ? 0 : 1;
}
