/* connections - a case of service_engine. */
#ifndef CONNECTIONS_H
#define CONNECTIONS_H

#include "play.h"

void connections(struct play *play);

#endif
