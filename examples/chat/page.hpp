#pragma once

#include <troupe/troupe.hpp>

/// The page, page.html, which talks to /rooms/{room}.
troupe::task<troupe::response> show_page(troupe::context&, const troupe::request&);
