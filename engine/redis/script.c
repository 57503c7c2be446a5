#include "config.h"

#include "redis/script.h"

const char wr_redis_script[] =
    "local op,k=ARGV[1],KEYS[1]\n"
    "if op=='claim' then\n"
    "local v=redis.call('GET',k)\n"
    "if v and v~=ARGV[2] then return v end\n"
    "redis.call('SET',k,ARGV[3],'PX',ARGV[4])\n"
    "elseif op=='mark' then\n"
    "local v=redis.call('HGET',k,ARGV[2])\n"
    "local m=v and ARGV[5]=='' and string.match(v,'^(%d+/%d+) ')\n"
    "if m and #m==30 and m>string.sub(ARGV[3],1,30) then return false end\n"
    "redis.call('HSET',k,ARGV[2],ARGV[3]..ARGV[4])\n"
    "else\n"
    "for _,c in ipairs({{'GET',k},{'SET',k,'1'},{'HGET',k,'f'},{'HSET',k,'f','1'},{'EVALSHA','','0'}}) do\n"
    "if not redis.acl_check_cmd(unpack(c)) then\n"
    "return redis.error_reply('NOPERM '..c[1])\n"
    "end\n"
    "end\n"
    "end\n"
    "return false\n";
