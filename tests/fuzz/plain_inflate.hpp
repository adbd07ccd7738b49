#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// DEFLATE (RFC 1951) in the plainest way, bit by bit: a second way to what is inflated elsewhere.
namespace troupe::fuzz {

class plain_inflater {
public:
  enum class outcome {
    good,
    invalid,
    doubtful, ///< the mark was part of something else, which ended with it
  };

  /// A message of RFC 7692, 7.2.2, after those before it.
  outcome inflate(std::string_view data, std::string& text) {
    bytes_ = std::string{data}.append("\0\0\xff\xff", 4);
    at_ = 0;
    const auto begin = history_.size();
    behind_final_ = begin_;
    bool marked = false;
    try {
      while (at_ < 8 * bytes_.size())
        marked = read_block();
    } catch (const no_deflate&) {
      return outcome::invalid;
    }
    text = history_.substr(begin);
    begin_ = behind_final_;
    return marked ? outcome::good : outcome::doubtful;
  }

  /// The next message refers to none before it.
  void forget() { begin_ = history_.size(); }

private:
  struct no_deflate {};

  struct code {
    std::array<unsigned, 16> of_length{}; // how many symbols have codes of so many bits
    std::vector<unsigned> symbols;        // in the order of their codes

    code(const std::vector<unsigned>& lengths, bool may_be_incomplete) {
      for (unsigned length = 1; length < 16; ++length)
        for (unsigned symbol = 0; symbol < lengths.size(); ++symbol)
          if (lengths[symbol] == length) {
            symbols.push_back(symbol);
            ++of_length[length];
          }
      int left = 1;
      for (unsigned length = 1; length < 16; ++length)
        if ((left = 2 * left - static_cast<int>(of_length[length])) < 0)
          throw no_deflate{};
      const bool is_single = symbols.size() == of_length[1]; // of one bit, or there is none
      if (left > 0 && !(may_be_incomplete && is_single))
        throw no_deflate{};
    }
  };

  unsigned bits(unsigned count) {
    unsigned out = 0;
    for (unsigned i = 0; i < count; ++i, ++at_) {
      if (at_ >= 8 * bytes_.size())
        throw no_deflate{};
      out |= (static_cast<unsigned char>(bytes_[at_ / 8]) >> (at_ % 8) & 1U) << i;
    }
    return out;
  }

  unsigned decode(const code& by) {
    unsigned value = 0, first = 0, index = 0;
    for (unsigned length = 1; length < 16; ++length) {
      value = value << 1 | bits(1);
      first <<= 1;
      if (value < first + by.of_length[length])
        return by.symbols[index + value - first];
      index += by.of_length[length];
      first += by.of_length[length];
    }
    throw no_deflate{};
  }

  /// Whether it was the empty one that the mark is the end of.
  bool read_block() {
    const bool final = bits(1) != 0;
    const auto type = bits(2);
    bool marked = false;
    if (type == 0)
      marked = read_stored();
    else if (type == 1)
      read_codes(code{fixed_lengths(), false}, code{std::vector<unsigned>(32, 5), false});
    else if (type == 2)
      read_dynamic();
    else
      throw no_deflate{};
    if (final) {
      at_ = (at_ + 7) / 8 * 8;
      behind_final_ = history_.size();
    }
    return marked && !final;
  }

  bool read_stored() {
    at_ = (at_ + 7) / 8 * 8;
    const bool at_mark = at_ / 8 + 4 == bytes_.size();
    const auto size = bits(16);
    if (bits(16) != (size ^ 0xffffU) || at_ / 8 + size > bytes_.size())
      throw no_deflate{};
    history_.append(bytes_, at_ / 8, size);
    at_ += 8 * std::size_t{size};
    return at_mark;
  }

  static std::vector<unsigned> fixed_lengths() {
    std::vector<unsigned> out(288, 8);
    std::fill(out.begin() + 144, out.begin() + 256, 9);
    std::fill(out.begin() + 256, out.begin() + 280, 7);
    return out;
  }

  void read_dynamic() {
    constexpr std::array<unsigned, 19> order{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    const auto literals = bits(5) + 257, distances = bits(5) + 1, counts = bits(4) + 4;
    if (literals > 286 || distances > 30)
      throw no_deflate{};
    std::vector<unsigned> lengths(order.size());
    for (unsigned i = 0; i < counts; ++i)
      lengths[order[i]] = bits(3);
    const code of_lengths{lengths, false};
    lengths.clear();
    while (lengths.size() < literals + distances) {
      const auto symbol = decode(of_lengths);
      if (symbol < 16) {
        lengths.push_back(symbol);
        continue;
      }
      if (symbol == 16 && lengths.empty())
        throw no_deflate{};
      const auto value = symbol == 16 ? lengths.back() : 0;
      lengths.resize(lengths.size() + (symbol == 16 ? 3 + bits(2) : symbol == 17 ? 3 + bits(3) : 11 + bits(7)),
                     value);
    }
    if (lengths.size() > literals + distances || lengths[256] == 0)
      throw no_deflate{};
    const auto middle = lengths.begin() + literals;
    read_codes(code{{lengths.begin(), middle}, true}, code{{middle, lengths.end()}, true});
  }

  void read_codes(const code& literals, const code& distances) {
    for (;;) {
      const auto symbol = decode(literals);
      if (symbol == 256)
        return;
      if (symbol < 256) {
        history_.push_back(static_cast<char>(symbol));
        continue;
      }
      const auto length = length_of(symbol - 257);
      const auto distance = distance_of(decode(distances));
      if (distance > history_.size() - std::max(begin_, behind_final_))
        throw no_deflate{};
      for (unsigned i = 0; i < length; ++i)
        history_.push_back(history_[history_.size() - distance]);
    }
  }

  unsigned length_of(unsigned symbol) {
    if (symbol > 28)
      throw no_deflate{};
    if (symbol < 8)
      return symbol + 3;
    if (symbol == 28)
      return 258;
    const auto extra = symbol / 4 - 1;
    return ((4 + symbol % 4) << extra) + 3 + bits(extra);
  }

  unsigned distance_of(unsigned symbol) {
    if (symbol > 29)
      throw no_deflate{};
    if (symbol < 4)
      return symbol + 1;
    const auto extra = symbol / 2 - 1;
    return ((2 + symbol % 2) << extra) + 1 + bits(extra);
  }

  std::string bytes_; // of the message, with the mark
  std::size_t at_ = 0; // bit
  std::string history_;
  std::size_t begin_ = 0;        // of what may be referred to
  std::size_t behind_final_ = 0; // the same, as this message has it
};

} // namespace troupe::fuzz
