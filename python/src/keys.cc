// Two things make a dict take time with the square of its size: keys of one hash, which are
// compared with each other, and keys whose hashes lead over the same places of the table. Python's
// hash of numbers, and of tuples and frozensets of these, can be computed by whoever writes the
// file.
#include "keys.h"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "objects.h"

namespace nb = nanobind;

namespace safe_load_python {
namespace {

constexpr std::uint64_t kMostSteps = 10'000'000;  // some tenths of a second
constexpr std::size_t kMany = 1000;               // keys that can fill a table in a bad way

using Hashed = std::pair<Py_hash_t, PyObject*>;

// Texts, and whole numbers that stand close together: these spread over any table.
bool are_harmless(std::span<PyObject* const> keys) {
  long long least = 0;
  long long most = 0;
  std::size_t numbers = 0;
  for (PyObject* const key : keys) {
    if (PyUnicode_CheckExact(key) || PyBytes_CheckExact(key)) continue;
    if (!PyLong_CheckExact(key)) return false;
    int overflow = 0;
    const long long value = PyLong_AsLongLongAndOverflow(key, &overflow);
    if (overflow != 0) return false;
    least = numbers == 0 ? value : std::min(least, value);
    most = numbers == 0 ? value : std::max(most, value);
    ++numbers;
  }
  const auto range = static_cast<unsigned long long>(most) - static_cast<unsigned long long>(least);
  return range < 4 * numbers + kMany;
}

// The parts of a tuple or frozenset, each time counted: what it takes to compare it with its like.
// Up to so many that it is too much anyway.
std::uint64_t weight_of(PyObject* key) {
  constexpr std::size_t kMost = 10'000;
  std::vector<PyObject*> waiting = {key};
  std::uint64_t weight = 0;
  while (!waiting.empty() && weight < kMost) {
    PyObject* const value = waiting.back();
    waiting.pop_back();
    ++weight;
    if (PyTuple_Check(value)) {
      for (Py_ssize_t i = 0; i < PyTuple_Size(value) && waiting.size() < kMost; ++i)
        waiting.push_back(PyTuple_GetItem(value, i));
    } else if (PyAnySet_Check(value)) {
      weight += static_cast<std::uint64_t>(PySet_Size(value));
    }
  }
  return weight;
}

// What comparing each with all others of its hash takes.
std::uint64_t comparing_steps(std::vector<Hashed> keys) {
  std::sort(keys.begin(), keys.end());
  std::uint64_t steps = 0;
  for (auto first = keys.begin(); first != keys.end();) {
    const auto last = std::find_if(first, keys.end(),
                                   [&](const Hashed& key) { return key.first != first->first; });
    const auto count = static_cast<std::uint64_t>(last - first);
    std::uint64_t heaviest = 1;
    if (count > 1)
      for (auto key = first; key != last; ++key)
        heaviest = std::max(heaviest, weight_of(key->second));
    steps += count * (count - 1) / 2 * heaviest;
    first = last;
  }
  return steps;
}

// The places that are looked at until each key has its own, in a table of this size, beyond what
// honest keys take. Source: CPython Objects/dictobject.c and setobject.c, which looks at some
// neighbours, too.
std::uint64_t probing_steps(std::span<const Hashed> keys, std::size_t size, KeyHolder holder) {
  const std::uint64_t honest = 16 * keys.size();
  const std::size_t neighbours = holder == KeyHolder::kSet ? 9 : 0;
  const std::size_t mask = size - 1;
  std::vector<bool> taken(size);
  std::uint64_t steps = 0;
  for (const Hashed& key : keys) {
    auto perturb = static_cast<std::size_t>(key.first);
    std::size_t place = perturb & mask;
    for (;;) {
      const std::size_t end = place + neighbours <= mask ? place + neighbours : place;
      std::size_t at = place;
      while (at <= end && taken[at]) ++at;
      steps += at - place + 1;
      if (at <= end) {
        taken[at] = true;
        break;
      }
      if (steps > honest + kMostSteps) return kMostSteps + 1;
      perturb >>= 5;
      place = (place * 5 + perturb + 1) & mask;
    }
  }
  return steps - std::min(steps, honest);
}

}  // namespace

bool KeyCosts::are_affordable(std::span<PyObject* const> keys, KeyHolder holder) {
  if (are_harmless(keys)) return true;
  std::vector<Hashed> hashed;
  for (PyObject* const key : keys) {
    const Py_hash_t hash = PyObject_Hash(key);
    check(hash == -1 ? -1 : 0);
    hashed.emplace_back(hash, key);
  }
  if (!spend(comparing_steps(hashed))) return false;
  if (keys.size() < kMany) return true;
  // Tables are from a third to two thirds full, those of sets also less.
  const std::size_t smallest = std::bit_ceil(keys.size() * 3 / 2 + 1);
  for (const std::size_t size : {smallest, 2 * smallest, 4 * smallest})
    if (!spend(probing_steps(hashed, size, holder))) return false;
  return true;
}

bool KeyCosts::spend(std::uint64_t steps) {
  spent_ += std::min(steps, kMostSteps + 1);
  return spent_ <= kMostSteps;
}

}  // namespace safe_load_python
