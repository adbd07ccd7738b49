// What a text must look like to be a storage URL, a name or a token.
#pragma once

#include <string_view>

namespace troupe::config::detail {

/// sqlite:PATH, postgres://... or postgresql://..., each with something after the scheme.
bool is_storage_url(std::string_view text);

/// Whether the URL asks SQLite for a database that lives in the memory of one connection.
bool is_in_memory(std::string_view url);

/// Whether the part of a URL that names user and host has more than one '@'.
bool has_two_at_signs(std::string_view url);

/// 1 to 64 of the characters A-Z a-z 0-9 . _ -
bool is_node_name(std::string_view text);

/// 1 to 32 of the characters a-z 0-9 _, the first a letter, and another name than the default database's.
bool is_database_name(std::string_view text);

/// One or more of the characters A-Z a-z 0-9 _ -
bool is_migration_name(std::string_view text);

/// A node name whose first character is a letter or a digit, other than "ca": two files are named after it.
bool is_certificate_name(std::string_view text);

/// A host name, or an IPv4 or IPv6 address: it can stand in a certificate.
bool is_host(std::string_view text);

/// 16 to 256 of the characters that a bearer token may have (RFC 6750, 2.1).
bool is_token(std::string_view text);

/// SCHEME://HOST or SCHEME://HOST:PORT, as a browser's Origin field has it, or *.
bool is_origin(std::string_view text);

/// "none", http://HOST:PORT, perhaps with a slash behind it, or anything without a scheme: a file.
bool is_trace_export(std::string_view text);

/// No setting may hold a control character: values are logged and printed line by line.
bool has_control_character(std::string_view text);

} // namespace troupe::config::detail
