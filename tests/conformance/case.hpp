#pragma once

#include <optional>
#include <string>
#include <vector>

namespace troupe::test {

/// What becomes of the connection after the last answer.
enum class fate {
  stays,             ///< another request is answered
  closes,            ///< nothing more is answered
  closes_if_refused, ///< closes after a status from 400 on, stays after others
};

/// A status in a table: the connection ends and nothing is answered.
inline constexpr int no_answer = 0;

/// A row of the table: bytes of a client, and how a server may react to them.
struct conformance_case {
  std::string name;
  std::string section; // "9112 6.3": RFC and section
  std::string bytes;
  /// Of the last answer; those before, if any, are 200.
  std::vector<int> allowed;
  fate after = fate::closes;
  /// Of a last answer below 400: what the handler has seen, as it answers with that.
  std::optional<std::string> body = std::nullopt;
  /// How many requests the bytes are.
  std::size_t answers = 1;
  /// The answers have no body whatever their Content-Length says.
  bool to_head = false;
  /// The client sends nothing more after the bytes.
  bool ends = false;
};

using conformance_table = std::vector<conformance_case>;

// By subject. The services that answer are those of node.cpp.
conformance_table request_line_cases();
conformance_table target_cases();
conformance_table host_cases();
conformance_table field_cases();
conformance_table length_cases();
conformance_table chunk_cases();
conformance_table connection_cases();

/// All of them.
conformance_table all_cases();

/// The limits that some rows are about; the server under test has these.
inline constexpr std::size_t header_limit = 1024;
inline constexpr std::size_t target_limit = 200;
inline constexpr std::size_t body_limit = 100;
inline constexpr unsigned field_limit = 20;

/// "GET TARGET HTTP/1.1" with Host, and these field lines.
inline std::string get(const std::string& target, const std::string& fields = {}) {
  return "GET " + target + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

/// A POST whose body comes back; `fields` are its field lines.
inline std::string echo(const std::string& fields, const std::string& body = {}) {
  return "POST /echo HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + body;
}

inline std::string chunked(const std::string& body) {
  return echo("Transfer-Encoding: chunked\r\n", body);
}

} // namespace troupe::test
