#include "page.hpp"

#include "page_html.hpp"

#include <array>
#include <random>
#include <string>

using namespace troupe;

namespace {

// 128 bits that no one can guess: the page's own style and script have them, what is smuggled in has not.
std::string make_nonce() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device source;
  std::string out;
  for (int word = 0; word < 4; ++word)
    for (auto [bits, i] = std::pair{source(), 0}; i < 8; ++i, bits >>= 4U)
      out += digits[bits & 0xfU];
  return out;
}

std::string with_nonce(std::string_view page, std::string_view nonce) {
  constexpr std::string_view place = "{{nonce}}";
  std::string out;
  for (auto at = page.find(place); at != std::string_view::npos; at = page.find(place)) {
    out.append(page.substr(0, at)).append(nonce);
    page.remove_prefix(at + place.size());
  }
  return out.append(page);
}

} // namespace

task<response> show_page(context&, const request&) {
  const auto nonce = make_nonce();
  co_return html(with_nonce(page_html, nonce))
    .with_header("Content-Security-Policy",
                 "default-src 'none'; connect-src 'self'; img-src data:; script-src 'nonce-" + nonce
                   + "'; style-src 'nonce-" + nonce
                   + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    .with_header("Cache-Control", "no-store") // a nonce is for one time
    .with_header("Referrer-Policy", "no-referrer")
    .with_header("X-Content-Type-Options", "nosniff");
}
