#pragma once

namespace troupe::test {

enum class sanitizer { none, address, thread };

/// What this build runs under.
#if defined(__SANITIZE_THREAD__)
inline constexpr sanitizer built_with = sanitizer::thread;
#elif defined(__SANITIZE_ADDRESS__)
inline constexpr sanitizer built_with = sanitizer::address;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
inline constexpr sanitizer built_with = sanitizer::thread;
#elif __has_feature(address_sanitizer)
inline constexpr sanitizer built_with = sanitizer::address;
#else
inline constexpr sanitizer built_with = sanitizer::none;
#endif
#else
inline constexpr sanitizer built_with = sanitizer::none;
#endif

} // namespace troupe::test
