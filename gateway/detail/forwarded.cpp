#include "gateway/detail/forwarded.hpp"

#include "actors/messages/quoted.hpp"
#include "gateway/detail/characters.hpp"

#include <algorithm>
#include <iterator>

namespace troupe::gateway {

namespace {

using characters::is_alphanumeric;

/// Of a name that stands for a node or port (RFC 7239, 6.3).
bool is_hiding_char(char c) noexcept {
  return is_alphanumeric(c) || c == '.' || c == '_' || c == '-';
}

/// Reads one field value from left to right.
class element_reader {
public:
  explicit element_reader(std::string_view text) : rest_(text) {}

  std::optional<std::vector<forwarded_element>> read() {
    std::vector<forwarded_element> out;
    do {
      skip_space();
      if (!rest_.empty() && rest_.front() != ',' && !read_element(out.emplace_back()))
        return std::nullopt;
    } while (take(','));
    return rest_.empty() ? std::optional{std::move(out)} : std::nullopt;
  }

private:
  void skip_space() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
  }

  bool take(char c) {
    if (rest_.empty() || rest_.front() != c)
      return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool read_element(forwarded_element& to) {
    do {
      skip_space();
      if (!rest_.empty() && is(token_char, rest_.front()) && !read_pair(to))
        return false;
      skip_space();
    } while (take(';'));
    return rest_.empty() || rest_.front() == ',';
  }

  bool read_pair(forwarded_element& to) {
    const auto name = take_token();
    std::string value;
    if (!take('=') || !read_value(value))
      return false;
    auto* place = place_of(name, to);
    if (place == nullptr)
      return true;
    const auto again = !place->empty();
    *place = std::move(value);
    return !again;
  }

  static std::string* place_of(std::string_view name, forwarded_element& in) {
    if (equals_ignore_case(name, "for"))
      return &in.from;
    if (equals_ignore_case(name, "by"))
      return &in.by;
    if (equals_ignore_case(name, "host"))
      return &in.host;
    return equals_ignore_case(name, "proto") ? &in.proto : nullptr;
  }

  std::string_view take_token() {
    const auto token = rest_.substr(0, skip(token_char, rest_, 0));
    rest_.remove_prefix(token.size());
    return token;
  }

  bool read_value(std::string& to) {
    if (take('"'))
      return read_quoted(to);
    to = take_token();
    return !to.empty();
  }

  bool read_quoted(std::string& to) {
    while (!rest_.empty()) {
      auto c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"')
        return true;
      if (c == '\\') {
        if (rest_.empty())
          return false;
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f)
        return false;
      to.push_back(c);
    }
    return false; // no end
  }

  std::string_view rest_;
};

/// The port that may follow a node: digits, or a name that hides it.
bool is_node_port(std::string_view text) {
  constexpr std::size_t longest_port = 5;
  if (text.starts_with('_'))
    return text.size() > 1 && std::all_of(text.begin() + 1, text.end(), is_hiding_char);
  return !text.empty() && text.size() <= longest_port
         && std::all_of(text.begin(), text.end(), is_digit);
}

/// The elements of a comma-separated list, empty ones left out.
std::vector<std::string_view> split(std::string_view list) {
  std::vector<std::string_view> out;
  while (!list.empty()) {
    auto each = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), each.size() + 1));
    const auto begin = std::min(each.find_first_not_of(" \t"), each.size());
    each.remove_prefix(begin);
    each = each.substr(0, each.find_last_not_of(" \t") + 1);
    if (!each.empty())
      out.push_back(each);
  }
  return out;
}

std::vector<std::string_view> list_of(const header_list& headers, std::string_view name) {
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < headers.size(); ++i)
    if (const auto [key, value] = headers[i]; equals_ignore_case(key, name))
      std::ranges::copy(split(value), std::back_inserter(out));
  return out;
}

/// Gives each element its word of a list that is as long. Of any other list nothing says which word
/// belongs to which proxy: the last one, which the nearest has written or let pass, counts for all.
void spread(const std::vector<std::string_view>& list, std::vector<forwarded_element>& over,
            std::string forwarded_element::*into) {
  for (std::size_t i = 0; i < over.size() && !list.empty(); ++i)
    over[i].*into = list.size() == over.size() ? list[i] : list.back();
}

/// "http" or "https"; empty for what is neither. Proxies name the schemes of WebSocket, too.
std::string_view scheme_of(std::string_view proto) {
  if (equals_ignore_case(proto, "https") || equals_ignore_case(proto, "wss"))
    return "https";
  if (equals_ignore_case(proto, "http") || equals_ignore_case(proto, "ws"))
    return "http";
  return {};
}

/// Whether it may stand in a Host field (RFC 3986, 3.2).
bool is_host(std::string_view text) {
  static constexpr std::string_view others = "-._~!$&'()*+,;=:[]%";
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_alphanumeric(c) || others.find(c) != std::string_view::npos;
  });
}

failure malformed(std::string_view what, std::string_view found, std::string_view expected) {
  return {errc::invalid_argument, "a proxy gives the " + std::string{what} + " as "
                                    + detail::quoted(found) + ", expected "
                                    + std::string{expected}};
}

} // namespace

std::optional<std::vector<forwarded_element>> parse_forwarded(std::string_view value) {
  return element_reader{value}.read();
}

std::optional<forwarded_node> parse_node(std::string_view text) {
  if (auto address = config::parse_address(text)) // also IPv6 without brackets
    return forwarded_node{address};
  const auto bracket = text.starts_with('[') ? text.find(']') : std::string_view::npos;
  const auto name_end = bracket == std::string_view::npos ? text.find(':') : bracket + 1;
  const auto name = text.substr(0, name_end);
  if (name.size() < text.size()
      && (text[name.size()] != ':' || !is_node_port(text.substr(name.size() + 1))))
    return std::nullopt;
  if (equals_ignore_case(name, "unknown")
      || (name.size() > 1 && name.front() == '_'
          && std::all_of(name.begin() + 1, name.end(), is_hiding_char)))
    return forwarded_node{};
  const auto is_ipv6 = bracket != std::string_view::npos;
  const auto inner = is_ipv6 ? name.substr(1, name.size() - 2) : name;
  const auto address = config::parse_address(inner);
  if (!address || (inner.find(':') != std::string_view::npos) != is_ipv6)
    return std::nullopt;
  return forwarded_node{address};
}

bool is_forwarded_field(std::string_view name) noexcept {
  return equals_ignore_case(name, "Forwarded");
}

bool is_x_forwarded_field(std::string_view name) noexcept {
  constexpr std::string_view prefix = "X-Forwarded-";
  return name.size() > prefix.size() && equals_ignore_case(name.substr(0, prefix.size()), prefix);
}

std::vector<forwarded_element> forwarded_elements(const header_list& headers) {
  std::vector<forwarded_element> out;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto [name, value] = headers[i];
    if (!is_forwarded_field(name))
      continue;
    if (auto elements = parse_forwarded(value)) {
      std::ranges::move(*elements, std::back_inserter(out));
    } else {
      auto& unknown = out.emplace_back();
      unknown.from = value;
      unknown.malformed = true;
    }
  }
  return out;
}

std::vector<forwarded_element> x_forwarded_elements(const header_list& headers) {
  const auto nodes = list_of(headers, "X-Forwarded-For");
  const auto schemes = list_of(headers, "X-Forwarded-Proto");
  const auto hosts = list_of(headers, "X-Forwarded-Host");
  std::vector<forwarded_element> out(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i)
    out[i].from = nodes[i];
  if (out.empty() && (!schemes.empty() || !hosts.empty()))
    out.emplace_back(); // said of a client that is not named
  spread(schemes, out, &forwarded_element::proto);
  spread(hosts, out, &forwarded_element::host);
  return out;
}

std::variant<forwarded_origin, failure>
find_origin(const std::vector<forwarded_element>& elements, const config::ip_address& peer,
            const std::vector<config::network>& trusted) {
  forwarded_origin out{peer, {}, {}};
  const forwarded_element* said = nullptr;
  for (auto each = elements.rbegin(); each != elements.rend(); ++each) {
    if (each->malformed)
      return malformed("field Forwarded", each->from, "what RFC 7239 defines");
    said = &*each;
    if (each->from.empty())
      break;
    const auto node = parse_node(each->from);
    if (!node)
      return malformed("client", each->from, "an IP address, unknown or _NAME");
    if (!node->address)
      break;
    out.client = *node->address;
    if (!config::contains(trusted, out.client))
      break;
  }
  if (said == nullptr)
    return out;
  out.scheme = scheme_of(said->proto);
  if (out.scheme.empty() && !said->proto.empty())
    return malformed("scheme", said->proto, "http or https");
  if (!is_host(said->host))
    return malformed("host", said->host, "HOST or HOST:PORT");
  out.host = said->host;
  return out;
}

} // namespace troupe::gateway
