/* A library that a process loads while it runs. */
#include "burn.h"

NOT_INLINED void plugin_work(void) {
  for (;;)
    burn(1000);
}
