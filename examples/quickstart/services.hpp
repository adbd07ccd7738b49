#pragma once

#include <troupe/troupe.hpp>

// One file for each; each shows one concept.
troupe::service hello_service();   // async handlers, waiting without holding a thread
troupe::service task_service();    // background tasks that can be awaited later
troupe::service channel_service(); // a bounded channel between a producer and a consumer
troupe::service counter_service(); // shared state: an actor instead of a mutex
troupe::service batch_service();   // one task for each item, joined
troupe::service user_service();    // rows in a database
