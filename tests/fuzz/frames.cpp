// Input: 'g' or 'w', at whose end it comes in, then what a peer says. However it is cut into pieces, the same
// passes: whole frames that begin with the handshake, of sizes that are there.

#include "actors/cluster/frame_guard.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>

namespace troupe::detail {
namespace {

using fuzz::check;
using fuzz::check_equal;

/// As BASP writes it: "default", a process, a machine.
std::string node_id(char which) {
  return std::string("\x00\x00\x3e\x9a\xab\x9b\xac\x79", 8) + std::string(24, which);
}

struct outcome {
  std::string passed;
  std::string problem;
};

void collect(frame_guard& guard, outcome& into, fuzz::derived_numbers& sizes) {
  std::string room(64, '\0');
  while (guard.has_frames())
    into.passed.append(room, 0, guard.give(room.data(), sizes.next(room.size())));
}

outcome pieces_of(std::string_view said, frame_guard::end at, std::size_t most) {
  frame_guard guard{at, node_id('o')};
  fuzz::derived_numbers sizes{said};
  outcome out;
  while (!said.empty() && out.problem.empty()) {
    const auto piece = said.substr(0, sizes.next(most));
    said.remove_prefix(piece.size());
    if (!guard.take(piece.data(), piece.size()))
      out.problem = guard.problem();
    check(out.problem == guard.problem(), "a problem and going on");
    collect(guard, out, sizes);
  }
  return out;
}

std::size_t payload_size(std::string_view header) {
  std::size_t out = 0;
  for (std::size_t i = 4; i < 8; ++i)
    out = out << 8 | static_cast<unsigned char>(header[i]);
  return out;
}

void check_frames(std::string_view passed, frame_guard::end at) {
  constexpr std::size_t header_size = 32;
  for (bool first = true; !passed.empty(); first = false) {
    check(passed.size() >= header_size, "half a header");
    check(passed[0] >= 0 && passed[0] <= 6 && passed[0] != 3, "an operation that is none, or of another node");
    check(!first || passed[0] == (at == frame_guard::end::gateway ? 1 : 0), "no handshake at first");
    const auto whole = header_size + payload_size(passed);
    check(passed.size() >= whole, "half a payload");
    check(passed[0] == 6 || whole > header_size, "no payload, which CAF would look for");
    passed.remove_prefix(whole);
  }
}

} // namespace
} // namespace troupe::detail

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::detail;
  auto said = troupe::fuzz::text_of(data, size);
  if (said.empty())
    return 0;
  const auto at = said[0] == 'w' ? frame_guard::end::worker : frame_guard::end::gateway;
  said.remove_prefix(1);
  const auto whole = pieces_of(said, at, std::max<std::size_t>(said.size(), 1));
  const auto cut = pieces_of(said, at, 7);
  troupe::fuzz::check_equal(cut.passed, whole.passed, "in small pieces something else passes");
  troupe::fuzz::check_equal(cut.problem, whole.problem, "in small pieces there is another problem");
  check_frames(whole.passed, at);
  return 0;
}
