/* SPDX-License-Identifier: Apache-2.0 */
#include "model/panel_code.h"

/* Is it an alarm from a detection point, as against news of the system? */
static bool is_point_alarm(enum ev_type type)
{
    switch (ev_type_class(type)) {
    case EV_CLASS_FIRE:
        return type != EV_FIRE_TROUBLE && type != EV_FIRE_SUPERVISORY;
    case EV_CLASS_INTRUSION:
    case EV_CLASS_DURESS:
    case EV_CLASS_ENV:
    case EV_CLASS_VIDEO:
    case EV_CLASS_THERMAL:
        return true;
    default:
        return false;
    }
}

enum ev_type panel_type_at_point(enum ev_type by_code, enum ev_type by_point)
{
    if (by_point == EV_NONE || !is_point_alarm(by_code))
        return by_code;
    bool grave = ev_type_priority(by_code) == EV_PRIORITY_MOST_URGENT;
    return grave && ev_type_priority(by_point) > EV_PRIORITY_MOST_URGENT ? by_code : by_point;
}
