"""Sansheng: a hotline server. Start reading at ivr.policy.call_flow, then ivr.service.switchboard."""
