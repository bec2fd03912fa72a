#include "api.h"
#include "mode.h"
const struct api_function api_sync[]={{NULL}}, api_writer[]={{NULL}};
static muster_status c(void*i,const struct muster_match_info*f,void**s){(void)i;(void)f;(void)s;return MUSTER_UNSUPPORTED;}
static void d(void*i,void*s){(void)i;(void)s;}
static muster_status j(void*i,void*s,uint32_t a){(void)i;(void)s;(void)a;return MUSTER_OK;}
static void l(void*i,void*s,uint32_t a,uint32_t b){(void)i;(void)s;(void)a;(void)b;}
static void in(void*i,void*s,uint32_t a,const struct muster_input*b){(void)i;(void)s;(void)a;(void)b;}
static void t(void*i,void*s,const struct muster_tick*b){(void)i;(void)s;(void)b;}
static void sn(void*i,void*s,uint32_t v,uint32_t f,struct muster_writer*o){(void)i;(void)s;(void)v;(void)f;(void)o;}
const struct muster_mode lua_mode={.size=sizeof lua_mode,.create=c,.destroy=d,.join=j,.leave=l,.input=in,.tick=t,.snapshot=sn};
void mode_traits_read(struct script *s, struct mode_traits *t2){(void)s;(void)t2;}
