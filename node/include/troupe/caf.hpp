#pragma once

// For services that use CAF's actors beside Troupe's own.
#include "actors/caf.hpp"
