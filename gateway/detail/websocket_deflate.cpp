#include "gateway/detail/websocket_deflate.hpp"

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/beast/zlib/inflate_stream.hpp>

#include <algorithm>

namespace troupe::gateway {

namespace zlib = boost::beast::zlib;

namespace {

using namespace std::string_view_literals;

constexpr std::size_t zlib_space = 16 * 1024;
/// What a flush ends with: the head of an empty block. It does not go over the wire.
constexpr auto flush_mark = "\0\0\xff\xff"sv;

// As zlib.h has them for z_stream.data_type.
constexpr int bits_taken = 63, behind_block = 128;

constexpr int deflate_level = 8;
constexpr int deflate_memory = 4; // of zlib's levels

} // namespace

// -- inflating --------------------------------------------------------------------------------------

/// Its window is the largest one, whatever the client has promised: where it does not keep its word, it
/// would depend on how the bytes are cut whether that is found.
struct websocket_inflater::stream {
  zlib::inflate_stream of;
  zlib::z_params now;
};

websocket_inflater::websocket_inflater(const deflate_terms& terms) : forgets_(terms.client_forgets) {}

websocket_inflater::~websocket_inflater() = default;

auto websocket_inflater::add(std::string_view piece, std::string& message, std::size_t most) -> outcome {
  if (!stream_)
    stream_ = std::make_unique<stream>();
  return run(piece, message, most);
}

auto websocket_inflater::finish(std::string& message, std::size_t most) -> outcome {
  if (const auto out = add(flush_mark, message, most); out != outcome::good)
    return out;
  // Otherwise the mark was something else than the empty block that it stands for, and the next message
  // would begin within that.
  if (stream_->now.data_type != behind_block)
    return outcome::invalid;
  if (forgets_)
    stream_->of.reset();
  return outcome::good;
}

auto websocket_inflater::run(std::string_view piece, std::string& message, std::size_t most) -> outcome {
  char space[zlib_space];
  auto& now = stream_->now;
  now.next_in = piece.data();
  now.avail_in = piece.size();
  for (;;) {
    const auto room = std::min(sizeof space, most + 1 - message.size());
    const auto had = now.avail_in;
    now.next_out = space;
    now.avail_out = room;
    boost::system::error_code ec;
    stream_->of.write(now, zlib::Flush::sync, ec);
    if (now.avail_in < had)
      last_taken_ = static_cast<const char*>(now.next_in)[-1];
    message.append(space, room - now.avail_out);
    if (message.size() > most)
      return outcome::too_big;
    if (ec == zlib::error::end_of_stream) {
      if (!begin_anew(static_cast<unsigned>(now.data_type & bits_taken)))
        return outcome::invalid;
    } else if (ec && ec != zlib::error::need_buffers) {
      return outcome::invalid;
    } else if (now.avail_in == 0 && (now.avail_out > 0 || (now.data_type & behind_block) != 0)) {
      return outcome::good; // within a block, what has filled the space may have more to say
    }
  }
}

/// Behind a block that says that it is the last one others may follow, which refer to nothing before them.
/// Of these, bits may have been taken with the block's end.
bool websocket_inflater::begin_anew(unsigned bits_behind) {
  stream_->of.reset();
  if (bits_behind < 8)
    return true;
  zlib::z_params again;
  char none = 0;
  again.next_in = &last_taken_;
  again.avail_in = 1;
  again.next_out = &none;
  again.avail_out = 1;
  boost::system::error_code ec;
  stream_->of.write(again, zlib::Flush::sync, ec); // the shortest block is longer than a byte
  return !ec && bits_behind < 16;
}

// -- deflating --------------------------------------------------------------------------------------

struct websocket_deflater::stream {
  zlib::deflate_stream of;
};

websocket_deflater::websocket_deflater(const deflate_terms& terms)
  : bits_(terms.server_bits), forgets_(terms.server_forgets) {}

websocket_deflater::~websocket_deflater() = default;

void websocket_deflater::add(std::string_view piece, bool last, std::string& out) {
  if (!stream_) {
    stream_ = std::make_unique<stream>();
    stream_->of.reset(deflate_level, bits_, deflate_memory, zlib::Strategy::normal);
  }
  char space[zlib_space];
  zlib::z_params now;
  now.next_in = piece.data();
  now.avail_in = piece.size();
  do {
    now.next_out = space;
    now.avail_out = sizeof space;
    boost::system::error_code ec; // of no progress, when the last call has just filled the space
    stream_->of.write(now, last ? zlib::Flush::sync : zlib::Flush::none, ec);
    out.append(space, sizeof space - now.avail_out);
  } while (now.avail_out == 0);
  if (!last)
    return;
  out.resize(out.size() - flush_mark.size());
  if (forgets_)
    stream_->of.reset();
}

} // namespace troupe::gateway
