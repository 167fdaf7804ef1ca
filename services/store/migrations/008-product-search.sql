-- Up Migration

-- Small letters without accents, in the compatible form of Unicode: "Éclairage" is found by "eclairage".
create function offhook_plain(text) returns text
  language sql immutable strict parallel safe
  as $$ select lower(regexp_replace(normalize($1, nfkd), '[\u0300-\u036f]', '', 'g')) $$;

drop index products_by_words;

alter table products
  add column search_text text not null
    generated always as (offhook_plain(coalesce(sku, '') || ' ' || name)) stored,
  -- A: what it is called; C: what is said of it. `simple` knows no language, and so fits any.
  add column search_words tsvector not null
    generated always as (
      setweight(to_tsvector('simple'::regconfig, offhook_plain(coalesce(sku, '') || ' ' || name)), 'A')
      || setweight(to_tsvector('simple'::regconfig, offhook_plain(description)), 'C')
    ) stored;

-- Trigrams find what is misspelt. Where the extension is not to be had, the search does with less.
do $$
begin
  create extension if not exists pg_trgm;
exception when others then
  raise notice 'pg_trgm is not available: %', sqlerrm;
end
$$;

-- Down Migration

alter table products drop column search_text, drop column search_words;
drop function offhook_plain(text);
create index products_by_words on products using gin (to_tsvector('simple', name || ' ' || description));
