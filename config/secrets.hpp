// Keeps passwords out of logs, errors and printed settings.
#pragma once

#include <string>
#include <string_view>

namespace troupe::config {

/// The text with every password in it replaced by "****": the one of SCHEME://USER:PASSWORD@HOST
/// and the value of each query parameter whose name says that it is secret. A text that is not
/// clearly free of a password is masked rather too much than too little.
std::string mask_secrets(std::string_view text);

} // namespace troupe::config
