#include "config/settings.hpp"

namespace troupe::config {

std::string to_string(log_level level) {
  switch (level) {
    case log_level::trace:
      return "trace";
    case log_level::debug:
      return "debug";
    case log_level::info:
      return "info";
    case log_level::warn:
      return "warn";
    case log_level::error:
      return "error";
    case log_level::off:
      return "off";
  }
  return "info";
}

std::string to_string(log_format format) {
  switch (format) {
    case log_format::automatic:
      return "auto";
    case log_format::text:
      return "text";
    case log_format::json:
      return "json";
  }
  return "auto";
}

std::string to_string(cluster_io what) {
  switch (what) {
    case cluster_io::automatic:
      return "auto";
    case cluster_io::loop:
      return "loop";
    case cluster_io::thread:
      return "thread";
  }
  return "auto";
}

std::string to_string(proxy_protocol what) {
  switch (what) {
    case proxy_protocol::off:
      return "off";
    case proxy_protocol::v1:
      return "v1";
    case proxy_protocol::v2:
      return "v2";
    case proxy_protocol::on:
      return "on";
  }
  return "off";
}

std::string to_string(forwarded_fields what) {
  switch (what) {
    case forwarded_fields::any:
      return "any";
    case forwarded_fields::forwarded:
      return "forwarded";
    case forwarded_fields::x_forwarded:
      return "x-forwarded";
  }
  return "any";
}

std::string to_string(tls_version what) {
  switch (what) {
    case tls_version::v1_2:
      return "1.2";
    case tls_version::v1_3:
      return "1.3";
  }
  return "1.2";
}

std::string to_string(client_certificate what) {
  switch (what) {
    case client_certificate::off:
      return "off";
    case client_certificate::optional:
      return "optional";
    case client_certificate::required:
      return "required";
  }
  return "off";
}

std::string to_string(trace_source what) {
  switch (what) {
    case trace_source::none:
      return "none";
    case trace_source::trusted:
      return "trusted";
    case trace_source::any:
      return "any";
  }
  return "none";
}

} // namespace troupe::config
