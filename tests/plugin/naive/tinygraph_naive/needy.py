"""A backend that needs a package which is not there."""

import a_package_that_is_not_there

backend = a_package_that_is_not_there.Backend()
