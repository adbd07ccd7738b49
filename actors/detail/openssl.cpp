#include "actors/detail/openssl.hpp"

#include <openssl/err.h>

#include <array>

namespace troupe::detail {

int no_password(char*, int, int, void*) {
  return -1;
}

std::string openssl_problem() {
  const auto first = ERR_get_error(); // the cause; what follows is who noticed
  ERR_clear_error();
  if (first == 0)
    return "for an unknown reason";
  std::array<char, 256> text{};
  ERR_error_string_n(first, text.data(), text.size()); // error:CODE:LIBRARY:FUNCTION:REASON
  const std::string whole{text.data()};
  return whole.substr(whole.rfind(':') + 1);
}

} // namespace troupe::detail
