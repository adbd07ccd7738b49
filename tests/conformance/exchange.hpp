#pragma once

#include "tests/conformance/case.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::test {

/// A final answer: its status, and its body or, of a problem, the detail.
struct answer {
  int status = 0;
  std::string body;

  friend bool operator==(const answer&, const answer&) = default;
};

/// What a server did with the bytes of a case.
struct reaction {
  std::vector<answer> answers;
  bool stays_open = false; // answered one more request
  std::string trouble;     // what came is no HTTP, or nothing came in time

  friend bool operator==(const reaction&, const reaction&) = default;
};

/// "200 "root"; stays open", for messages of failed expectations.
std::string to_text(const reaction& what);

/// What is not as the case demands; empty when all is.
std::string objection(const conformance_case& to, const reaction& what);

/// The bytes of a case as the client sends them: each piece once the one before has arrived.
struct script {
  const conformance_case* of = nullptr;
  std::vector<std::string_view> pieces; // of `of->bytes`
};

script in_one_piece(const conformance_case& what);
script byte_by_byte(const conformance_case& what);
/// REQUIRES: 0 < `at` < the number of bytes.
script cut_in_two(const conformance_case& what, std::size_t at);

/// Plays all scripts against the port of this machine, many at a time, each on a connection of its
/// own. The reactions are in the order of the scripts.
std::vector<reaction> play(std::uint16_t port, const std::vector<script>& scripts);

} // namespace troupe::test
