#ifndef STS_CLIBYAML_SHIM_H
#define STS_CLIBYAML_SHIM_H

#include <yaml.h>

#endif
