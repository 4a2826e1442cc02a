// CCrypt: libxcrypt, which hashes passwords on every Debian.
#include <crypt.h>
