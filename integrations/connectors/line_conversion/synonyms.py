"""Other names that people give to a column with this field's data, from which the mapping page suggests one."""

_WORDS = {
    "deduplication_key": "dedup_key dedupe_key dedup_id deduplication_id event_id order_id transaction_id unique_key",
    "event_type": "type action_type",
    "source_type": "source",
    "event_timestamp": "ts timestamp time event_time occurred_at created_at order_time unix_time",
    "phone": "tel telephone mobile phone_number mobile_number tel_no phone_hash hashed_phone phone_sha256",
    "email": "mail email_address mail_address e_mail email_hash hashed_email email_sha256",
    "line_uid": "line_user_id line_id luid",
    "browser_id": "lt_cid ltcid cid",
    "click_id": "ldtag_cl line_click_id",
    "ifa": "idfa aaid gaid adid advertising_id",
    "external_id": "user_id customer_id member_id crm_id",
    "event_name": "event conversion_name",
    "url": "page_url event_url event_source_url location page_location td_url",
    "referrer": "referer page_referrer td_referrer ref",
    "ip_address": "ip client_ip remote_addr td_ip",
    "user_agent": "ua useragent client_user_agent td_user_agent",
    "title": "page_title td_title",
    "test_flag": "is_test test_event",
    "value": "amount price revenue total order_total order_value",
    "currency": "currency_code",
    "quantity": "qty num_items item_count",
    "item_ids": "item_id product_ids product_id content_ids sku skus",
    "keywords": "keyword search_terms search_term search_query",
    "category": "category_name product_category item_category",
}

SYNONYMS = {field: tuple(words.split()) for field, words in _WORDS.items()}
