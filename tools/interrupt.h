// Ctrl-C asks a run to stop; it saves what there is and leaves.
#pragma once

namespace nst::tools {

// From now on SIGINT and SIGTERM set a flag instead of ending the process. A second one ends it at once.
void catch_interrupts();
bool interrupted();

}  // namespace nst::tools
