// Slabs: many small items with one allocation for many of them, each given back by itself, by any
// thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <utility>

namespace safe_load_python {

template <class Item>
class Slabs {
 public:
  // Item and the slab in which it lies.
  struct Slot : Item {
    void release() { drop(slab); }  // REQUIRES: what the item holds was let go of

   private:
    friend class Slabs;
    typename Slabs::Slab* slab = nullptr;
  };

  Slabs() = default;
  Slabs(Slabs&& other) noexcept : filling_(std::exchange(other.filling_, nullptr)) {}
  Slabs& operator=(Slabs&&) = delete;
  ~Slabs() {
    if (filling_ != nullptr) drop(filling_);
  }

  // A new one, until its release().
  Slot& take() {
    if (filling_ == nullptr || filling_->used == kSlots) {
      if (filling_ != nullptr) drop(filling_);
      filling_ = new Slab;
    }
    filling_->users.fetch_add(1, std::memory_order_relaxed);
    Slot& slot = filling_->slots[filling_->used++];
    slot.slab = filling_;
    return slot;
  }

 private:
  static constexpr std::size_t kSlots = 512;

  struct Slab {
    std::atomic<std::size_t> users = 1;  // items, and this object while it fills the slab
    std::size_t used = 0;
    std::array<Slot, kSlots> slots;
  };

  static void drop(Slab* slab) {
    if (slab->users.fetch_sub(1, std::memory_order_acq_rel) == 1) delete slab;
  }

  Slab* filling_ = nullptr;
};

}  // namespace safe_load_python
