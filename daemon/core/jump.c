#include "core/jump.h"

void jump_trust(struct jump *jump, int64_t offset)
{
	*jump = (struct jump){.offset = offset};
}

/* in doubt until now */
static enum jump_turn look_again(struct jump *jump, int64_t offset,
				 bool is_synchronised)
{
	int64_t moved = offset - jump->offset;

	if (moved > JUMP_SECONDS && !is_synchronised) {
		jump->ahead = moved;
		return JUMP_NONE;
	}
	jump_trust(jump, offset);
	return moved > JUMP_SECONDS ? JUMP_SYNCHRONISED : JUMP_RETURNED;
}

enum jump_turn jump_look(struct jump *jump, int64_t offset,
			 bool is_synchronised)
{
	int64_t moved = offset - jump->offset;

	if (jump->ahead > 0)
		return look_again(jump, offset, is_synchronised);
	if (moved > JUMP_SECONDS && !is_synchronised) {
		jump->ahead = moved;
		return JUMP_HELD;
	}
	jump_trust(jump, offset);
	if (moved > JUMP_SECONDS)
		return JUMP_FORWARD;
	return moved < -JUMP_SECONDS ? JUMP_BACK : JUMP_NONE;
}
