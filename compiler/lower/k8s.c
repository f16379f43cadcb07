#include "berth/lower.h"
void lower_k8s(struct lower *l) { (void)l; }
