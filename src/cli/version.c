#include "cli/version.h"

#include "bulkfetch.h"

void
version_print(FILE *out)
{
	struct bulkfetch_library library;

	(void)fprintf(out, "bulkfetch %s\n", BULKFETCH_VERSION);
	if (!bulkfetch_can_open_libraries()) {
		(void)fprintf(out,
		    "This is a static build, which opens no libraries: https "
		    "is not available.\n");
		return;
	}
	for (size_t i = 0; bulkfetch_find_library(i, &library); i++)
		(void)fprintf(out, "%-8s %-18s %s\n", library.purpose,
		    library.file,
		    library.version != NULL ? library.version : "not found");
}
