#pragma once

#include "config/parse.hpp"
#include "node/run.hpp"

namespace troupe::detail {

// Certificates for TLS between nodes, from an authority of one's own. Both print the files that they have written and
// give the exit status; they throw config::config_error with one clear line, and write over nothing.

/// `cert init`: the authority's certificate and key, for ten years.
int cert_init(const application& app, const config::cert_init_command& what);

/// `cert issue`: a node's, good for either end of a connection.
int cert_issue(const config::cert_issue_command& what);

} // namespace troupe::detail
