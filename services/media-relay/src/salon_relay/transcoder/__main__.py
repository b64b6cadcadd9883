from salon_relay.transcoder.process import main

main()
