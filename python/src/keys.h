// Keys of one hash: what makes a dict of Python take time with the square of its size.
#pragma once

#include <nanobind/nanobind.h>

#include <vector>

namespace safe_load_python {

// Collects the hashes of keys before Python puts them into a dict or a set. Text and bytes are not
// looked at, for Python's hash of these is seeded; small integers hash to themselves.
class KeyHashes {
 public:
  // Raises what Python raises for a value that it cannot hash.
  void add(nanobind::handle key);
  // Whether more keys share a hash than chance could explain.
  bool collide();

 private:
  std::vector<Py_hash_t> hashes_;
};

}  // namespace safe_load_python
