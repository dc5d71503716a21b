#include "keys.h"

#include <algorithm>

#include "objects.h"

namespace nb = nanobind;

namespace safe_load_python {
namespace {

// Python's hash of a number is its remainder by this prime.
constexpr long long kModulus = (1LL << 61) - 1;

bool hashes_to_itself(PyObject* key) {
  if (!PyLong_CheckExact(key)) return false;
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(key, &overflow);
  return overflow == 0 && value > -kModulus && value < kModulus;
}

}  // namespace

void KeyHashes::add(nb::handle key) {
  PyObject* const object = key.ptr();
  if (PyUnicode_CheckExact(object) || PyBytes_CheckExact(object) || hashes_to_itself(object))
    return;
  const Py_hash_t hash = PyObject_Hash(object);
  check(hash == -1 ? -1 : 0);
  hashes_.push_back(hash);
}

bool KeyHashes::collide() {
  constexpr std::ptrdiff_t kMost = 64;
  std::sort(hashes_.begin(), hashes_.end());
  for (auto first = hashes_.begin(); hashes_.end() - first > kMost;) {
    if (first[kMost] == *first) return true;
    first = std::upper_bound(first, hashes_.end(), *first);
  }
  return false;
}

}  // namespace safe_load_python
