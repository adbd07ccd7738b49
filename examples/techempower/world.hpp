#pragma once

#include <troupe/troupe.hpp>

troupe::service world_service();   // /db, /queries, /updates, /cached-queries
troupe::service fortune_service(); // /fortunes
