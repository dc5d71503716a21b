// The client of the README: what a C++ programmer writes who has never seen the source.
#include <safe_load/safe_load.h>

#include <iostream>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 2) return 4;
  auto opened = safe_load::Checkpoint::open(argv[1]);  // runs nothing, reads no tensor byte
  if (!opened) {
    std::cerr << opened.error() << '\n';  // what, where, and what the file really is
    return 2;
  }
  const safe_load::Checkpoint& checkpoint = *opened;

  for (const auto& symbol : checkpoint.symbols())  // every name the file asks for
    if (!symbol.is_known)                          // not in the table: became an inert record
      std::cout << symbol.name << " at " << symbol.object_path << '\n';

  const auto epoch = checkpoint.root()["epoch"].get_or<std::int64_t>(0);
  const auto hidden = checkpoint.root().at("hyper_parameters", "hidden_size").get<std::int64_t>();
  std::cout << "epoch " << epoch << ", hidden " << (hidden ? *hidden : -1) << '\n';

  auto weights = checkpoint.state_dict();  // finds "state_dict", "model", a whole module, ...
  if (!weights) {
    std::cerr << weights.error() << '\n';
    return 2;
  }
  if (const auto done = weights->strip_prefix("module."); !done) return 2;
  for (const auto& [name, tensor] : *weights)  // file order
    std::cout << name << ' ' << tensor.dtype() << ' ' << tensor.shape() << " @"
              << tensor.file_offset() << '\n';

  if (auto bias = weights->at("fc.bias")) {  // a view, valid while the checkpoint lives
    if (auto floats = bias->as_span<float>()) std::cout << floats->front() << '\n';  // zero copy
    std::vector<float> copy(bias->element_count());
    if (auto done = bias->copy_to(std::span(copy)); !done) return 2;  // gathers, swaps, widens
  }
  return 0;
}
