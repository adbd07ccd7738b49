// A chat in the browser: rooms of the whole cluster, and a WebSocket for each who is in one. http://127.0.0.1:8080/
#include "page.hpp"
#include "visitor.hpp"

#include <troupe/troupe.hpp>

using namespace troupe;

int main(int argc, char** argv) {
  return run(argc, argv, {service("chat")
                            .get("/", show_page)
                            .websocket("/rooms/{room}", socket_actor<visitor>())});
}
