/* For tests that have not moved to it yet. */
#include "fixture.h"
