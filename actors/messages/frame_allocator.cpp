#include "actors/messages/frame_allocator.hpp"

#include <array>
#include <new>

namespace troupe::detail {

// Recycled blocks would hide a use after free from AddressSanitizer.
#if defined(__SANITIZE_ADDRESS__)
#define TROUPE_RECYCLE_FRAMES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TROUPE_RECYCLE_FRAMES 0
#endif
#endif
#ifndef TROUPE_RECYCLE_FRAMES
#define TROUPE_RECYCLE_FRAMES 1
#endif

namespace {

constexpr std::size_t granule = 32;
constexpr std::size_t class_count = 128; // blocks up to 4 KiB are kept
constexpr std::size_t kept_bytes_per_class = 4 * 1024 * 1024;

struct block {
  block* next;
};

struct free_list {
  block* head = nullptr;
  std::size_t length = 0;
};

// Set when the thread's lists are gone: frames freed later go straight back to the heap.
thread_local bool lists_gone = false;

struct free_lists {
  std::array<free_list, class_count> of_class;

  ~free_lists() {
    lists_gone = true;
    for (auto& list : of_class)
      while (list.head != nullptr) {
        auto* next = list.head->next;
        ::operator delete(list.head);
        list.head = next;
      }
  }
};

thread_local free_lists lists;

constexpr std::size_t class_of(std::size_t size) noexcept {
  return (size + granule - 1) / granule - 1;
}

} // namespace

void* allocate_frame(std::size_t size) {
  auto index = class_of(size);
  if (!TROUPE_RECYCLE_FRAMES || index >= class_count)
    return ::operator new(size);
  if (lists_gone) // of its class all the same: another thread may take it into a list
    return ::operator new((index + 1) * granule);
  auto& list = lists.of_class[index];
  if (list.head == nullptr)
    return ::operator new((index + 1) * granule);
  --list.length;
  auto* taken = list.head;
  list.head = taken->next;
  return taken;
}

void free_frame(void* memory, std::size_t size) noexcept {
  auto index = class_of(size);
  if (!TROUPE_RECYCLE_FRAMES || index >= class_count || lists_gone
      || lists.of_class[index].length >= kept_bytes_per_class / ((index + 1) * granule)) {
    ::operator delete(memory);
    return;
  }
  auto& list = lists.of_class[index];
  ++list.length;
  list.head = new (memory) block{list.head};
}

} // namespace troupe::detail
