"""Trino's functions that DuckDB, or a macro of ours, has with the same arguments; by how many they are."""

from __future__ import annotations

from warehouse.sql.calls import Translation, renamed

_SAME = """abs:1 acos:1 asin:1 atan:1 atan2:2 cos:1 degrees:1 exp:1 floor:1 ln:1 log:2 log10:1 log2:1 pi:0
radians:1 sin:1 sqrt:1 tan:1 cbrt:1 round:1-2 sign:1 lower:1 upper:1 chr:1 lpad:3 rpad:3 reverse:1 translate:3
starts_with:2 coalesce:1-200 nullif:2 map_keys:1 map_values:1 map_entries:1 row:1-200 array_agg:1 bool_and:1 bool_or:1
sum:1 stddev:1 stddev_pop:1 stddev_samp:1 variance:1 var_pop:1 var_samp:1 corr:2 covar_pop:2 covar_samp:2
regr_slope:2 regr_intercept:2 skewness:1 row_number:0 rank:0 dense_rank:0 percent_rank:0 cume_dist:0 ntile:1
grouping:1-30 flatten:1 from_base64:1 to_base64:1 any_value:1 split_part:3"""

_RENAMED = {
    "ceil": ("ceil", 1),
    "ceiling": ("ceil", 1),
    "pow": ("pow", 2),
    "power": ("pow", 2),
    "truncate": ("trunc", 1),
    "is_nan": ("isnan", 1),
    "is_finite": ("isfinite", 1),
    "is_infinite": ("isinf", 1),
    "mod": ("td__mod", 2),
    "length": ("td__length", 1),
    "codepoint": ("unicode", 1),
    "levenshtein_distance": ("levenshtein", 2),
    "hamming_distance": ("hamming", 2),
    "strpos": ("strpos", 2),
    "split_part": ("td__split_part", 3),
    "split_to_map": ("td__split_to_map", 3),
    "regexp_like": ("regexp_matches", 2),
    "regexp_split": ("regexp_split_to_array", 2),
    "regexp_count": ("td__regexp_count", 2),
    "url_decode": ("td__url_decode", 1),
    "url_encode": ("td__url_encode", 1),
    "url_extract_host": ("td__url_host", 1),
    "url_extract_path": ("td__url_path", 1),
    "url_extract_port": ("td__url_port", 1),
    "url_extract_protocol": ("td__url_protocol", 1),
    "url_extract_query": ("td__url_query", 1),
    "url_extract_fragment": ("td__url_fragment", 1),
    "url_extract_parameter": ("td__url_parameter", 2),
    "to_utf8": ("encode", 1),
    "from_utf8": ("decode", 1),
    "to_hex": ("hex", 1),
    "from_hex": ("unhex", 1),
    "md5": ("td__md5", 1),
    "sha1": ("td__sha1", 1),
    "sha256": ("td__sha256", 1),
    "hmac_md5": ("td__hmac_md5", 2),
    "hmac_sha1": ("td__hmac_sha1", 2),
    "hmac_sha256": ("td__hmac_sha256", 2),
    "to_base64url": ("td__to_base64url", 1),
    "from_base64url": ("td__from_base64url", 1),
    "to_base": ("td__to_base", 2),
    "width_bucket": ("td__width_bucket", 4),
    "bitwise_not": ("td__bitwise_not", 1),
    "bitwise_xor": ("xor", 2),
    "bitwise_left_shift": ("td__shift_left", 2),
    "bitwise_right_shift": ("td__shift_right", 2),
    "bitwise_and_agg": ("bit_and", 1),
    "bitwise_or_agg": ("bit_or", 1),
    "to_unixtime": ("td__to_unixtime", 1),
    "from_iso8601_date": ("td__iso_date", 1),
    "current_timezone": ("td__session_zone", 0),
    "cardinality": ("td__cardinality", 1),
    "contains": ("td__contains", 2),
    "array_distinct": ("td__array_distinct", 1),
    "array_except": ("td__array_except", 2),
    "array_intersect": ("td__array_intersect", 2),
    "array_union": ("td__array_union", 2),
    "array_max": ("td__array_max", 1),
    "array_min": ("td__array_min", 1),
    "array_position": ("td__array_position", 2),
    "array_remove": ("td__array_remove", 2),
    "array_sort": ("td__array_sort", 1),
    "arrays_overlap": ("td__arrays_overlap", 2),
    "repeat": ("td__repeat", 2),
    "slice": ("td__slice", 3),
    "trim_array": ("td__trim_array", 2),
    "map_from_entries": ("map_from_entries", 1),
    "json_parse": ("json", 1),
    "json_format": ("td__json_format", 1),
    "json_array_length": ("td__json_array_length", 1),
    "json_array_contains": ("td__json_array_contains", 2),
    "json_array_get": ("td__json_array_get", 2),
    "is_json_scalar": ("td__is_json_scalar", 1),
    "arbitrary": ("any_value", 1),
    "every": ("bool_and", 1),
    "geometric_mean": ("td__geometric_mean", 1),
    "histogram": ("histogram", 1),
    "map_agg": ("td__map_agg", 2),
    "multimap_agg": ("td__multimap_agg", 2),
    "td_url_decode": ("td__td_url_decode", 1),
    "td_md5": ("md5", 1),
    "td_parse_agent": ("td_parse_agent", 1),
}


def table() -> dict[str, Translation]:
    found: dict[str, Translation] = {}
    for entry in _SAME.split():
        name, _, counts = entry.partition(":")
        least, _, most = counts.partition("-")
        found[name] = renamed(name, int(least), int(most or least))
    for name, (other, count) in _RENAMED.items():
        found[name] = renamed(other, count)
    return found
